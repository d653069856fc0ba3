# SPDX-License-Identifier: GPL-2.0-only
# LoadCredential=, and certificates that are renewed.
# shellcheck shell=bash disable=SC2016,SC2154,SC2317

reads_its_credential()
{
	recipe "Credentials"
	serves 8084 "the key has 7 bytes"
}

reads_no_other()
{
	[ "$(cat /run/credentials/pay.service/other)" = another ] || fail "there is no other one"
	[ "$(curl -s -m 5 http://127.0.0.1:8084/other)" = ENOENT ] ||
		fail "$(curl -sS -m 5 http://127.0.0.1:8084/other)"
	systemctl stop pay.service
}

roots_unit()
{
	echo secret >/etc/test.key
	in_unit 0 LoadCredential=key:/etc/test.key -- sh -c \
		"exec ${in_test[*]} --keep-fd 3 -- bash -c 'read -r key <&3; echo \$\$key' 3<\$\$CREDENTIALS_DIRECTORY/key"
	printed secret
}

certificate=/etc/letsencrypt/live/shop/cert.pem

# As certbot lays it out: live/NAME has links to the versions in archive/NAME
lay_out_certificate()
{
	install -d -m 755 /etc/letsencrypt/{live,archive}{,/shop}
	echo one >/etc/letsencrypt/archive/shop/cert1.pem
	ln -sfn ../../archive/shop/cert1.pem $certificate
}

sees_the_renewed()
{
	lay_out_certificate
	in_unit 1 -- "${in_test[@]}" --read-only /etc/letsencrypt/live/shop -- bash -c "read -r x <$certificate"
	grep -q "$certificate: No such file or directory" "$work/err" || fail "$(cat "$work/err")"
	unit test-tls.service <<-END
		[Service]
		Type=exec
		ExecStart=${in_test[*]} --read-only /etc/letsencrypt/live/shop --read-only /etc/letsencrypt/archive/shop -- \
			bash -c 'while :; do read -r x <$certificate; echo "\$\$x"; read -r -t 1 y <>fifo; done'
		SyslogIdentifier=tls
	END
	systemctl start test-tls.service
	eventually has_line one -t tls || fail "$(said_by test-tls.service)"
	echo two >/etc/letsencrypt/archive/shop/cert2.pem
	ln -sfn ../../archive/shop/cert2.pem $certificate
	eventually has_line two -t tls || fail "$(journal -t tls | tail -n 3)"
	systemctl stop test-tls.service
}

part_credentials()
{
	it "a tenant reads the credential that --read-only names" reads_its_credential
	it "and no other one of the unit" reads_no_other
	it "in a unit of root's, a shell hands a credential over" roots_unit
	it "a tenant sees a renewed certificate where it has both directories" sees_the_renewed
}
