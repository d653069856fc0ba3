// SPDX-License-Identifier: GPL-2.0-only
// Tools that stand in for safenode's where no kernel is needed: scripts in a directory of their own,
// which do what the files beside them say.
'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const SCRIPTS = {
	// notes its words and environment; fails as "fails" says (STATUS LINE), or becomes the command,
	// with the descriptors that it was to keep
	'safenode-attach': `
printf '%s\\n' "$@" >"$here/attach.words"
env -0 >"$here/attach.env"
if [ -e "$here/fails" ]; then
	read -r status line <"$here/fails"
	echo "safenode-attach: $line" >&2
	exit "$status"
fi
dir=. keep=' '
while [ "$1" != -- ]; do
	case $1 in
	--dir=*) dir=\${1#--dir=} ;;
	--keep-fd=*) keep+="\${1#--keep-fd=} " ;;
	esac
	shift
done
shift
cd "$dir" || exit
for fd in /proc/self/fd/*; do
	fd=\${fd##*/}
	[ "$fd" -lt 3 ] || [ "$fd" = 255 ] || [[ $keep = *" $fd "* ]] || eval "exec $fd>&-"
done
exec "$@"`,
	'safenode-status': `
echo "$*" >>"$here/status.words"
status=0
[ ! -e "$here/status.exit" ] || read -r status line <"$here/status.exit"
[ ! -e "$here/status.json" ] || cat "$here/status.json"
[ "$status" = 0 ] || echo "safenode-status: $line" >&2
exit "$status"`,
	'safenode-detach': `
echo "$*" >>"$here/detach.words"
status=0
[ ! -e "$here/detach.exit" ] || read -r status line <"$here/detach.exit"
[ "$status" = 0 ] || echo "safenode-detach: $line" >&2
exit "$status"`,
	// what is in "log", and then nothing
	'safenode-log': `
echo "$*" >>"$here/log.words"
if [ -e "$here/log.fails" ]; then
	echo "safenode-log: $(cat "$here/log.fails")" >&2
	exit 1
fi
cat "$here/log"
exec sleep 1000`,
};

const IN_FORCE = { version: 1, in_force: true, checks: [], tenants: [] };

// A directory of tools, and one for a tenant, which go with the test @t
function fake(t) {
	const base = fs.mkdtempSync(path.join(os.tmpdir(), 'safenode-npm-'));
	t.after(() => fs.rmSync(base, { recursive: true, force: true }));
	const [tools, dir] = ['tools', 'tenant'].map((name) => path.join(base, name));
	const say = (name, text) => fs.writeFileSync(path.join(tools, name), text);
	fs.mkdirSync(tools);
	fs.mkdirSync(dir);
	for (const [name, text] of Object.entries(SCRIPTS)) {
		say(name, `#!/bin/bash\nhere=\${0%/*}\n${text}\n`);
		fs.chmodSync(path.join(tools, name), 0o755);
	}
	say('status.json', JSON.stringify(IN_FORCE));
	return {
		tools,
		dir,
		say,
		lines: (name) => fs.readFileSync(path.join(tools, name), 'utf8').split('\n').slice(0, -1),
		environment: () => Object.fromEntries(fs.readFileSync(path.join(tools, 'attach.env'), 'utf8')
			.split('\0').slice(0, -1).map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)])),
		script(name, text) {
			fs.writeFileSync(path.join(dir, name), text);
			return name;
		},
	};
}

module.exports = { fake, IN_FORCE };
