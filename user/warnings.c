// SPDX-License-Identifier: GPL-2.0-only
/* What in a tenant's options is allowed and probably not meant. */
#include <arpa/inet.h>
#include <endian.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "decide.h"
#include "warnings.h"

#define ADDRESSES "restricted-outgoing-addresses"
#define OUTGOING  "allowed-outgoing-ports"

struct check {
	const struct sn_options *options;
	const struct sn_machine *machine;
	void (*each)(const struct sn_warning *warning, void *data);
	void *data;
};

static void __attribute__((format(printf, 5, 6)))
warn(const struct check *check, const char *what, const char *option, size_t number,
     const char *fmt, ...)
{
	struct sn_warning warning = { .what = what, .option = option, .number = number };
	va_list args;

	va_start(args, fmt);
	vsnprintf(warning.text, sizeof(warning.text), fmt, args);
	va_end(args);
	check->each(&warning, check->data);
}

/* ---- addresses and ports ---- */

static struct sn_address address_of(const __u8 bytes[16])
{
	uint64_t half[2];

	memcpy(half, bytes, sizeof(half));
	return (struct sn_address){ .hi = be64toh(half[0]), .lo = be64toh(half[1]) };
}

static bool parse(const char *text, struct sn_address *address)
{
	struct in_addr v4;
	__u8 bytes[16];

	if (inet_pton(AF_INET, text, &v4) == 1)
		*address = sn_address_v4(ntohl(v4.s_addr));
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*address = address_of(bytes);
	else
		return false;
	return true;
}

static bool is_in(struct sn_address address, const struct sn_address_key *key)
{
	struct sn_address prefix = sn_address_prefix(address, key->length);
	struct sn_address other = address_of(key->addr);

	return prefix.hi == other.hi && prefix.lo == other.lo;
}

static bool is_restricted(const struct sn_options *options, struct sn_address address)
{
	if (options->restricted.loopback && sn_address_is_loopback(address))
		return true;
	for (size_t i = 0; i < options->restricted.nr; i++)
		if (is_in(address, &options->restricted.rules[i].key))
			return true;
	return false;
}

static bool is_open(const struct sn_options *options, const char *text)
{
	struct sn_address address;

	return parse(text, &address) && !is_restricted(options, address);
}

static bool is_allowed(const struct sn_options *options, unsigned int port)
{
	for (size_t i = 0; i < options->outgoing.nr; i++)
		if (options->outgoing.ranges[i].first <= port &&
		    port <= options->outgoing.ranges[i].last)
			return true;
	return false;
}

static bool all_are_allowed(const struct sn_options *options)
{
	unsigned int port = 1, before;

	do {
		before = port;
		for (size_t i = 0; i < options->outgoing.nr; i++)
			if (options->outgoing.ranges[i].first <= port &&
			    options->outgoing.ranges[i].last >= port)
				port = options->outgoing.ranges[i].last + 1;
	} while (port != before);
	return port > 65535;
}

static bool covers_v4(const struct sn_options *options)
{
	for (size_t i = 0; i < options->restricted.nr; i++)
		if (options->restricted.rules[i].key.length <= 96 &&
		    is_in(sn_address_v4(0), &options->restricted.rules[i].key))
			return true;
	return false;
}

static bool names_v6(const struct sn_options *options)
{
	for (size_t i = 0; i < options->restricted.nr; i++)
		if (!sn_address_is_v4(address_of(options->restricted.rules[i].key.addr)))
			return true;
	return false;
}

static void check_restriction(const struct check *check)
{
	const struct sn_options *options = check->options;

	if (!options->restricted.nr)
		warn(check, "nothing-restricted", ADDRESSES, 0,
		     "no " ADDRESSES ": every address can be reached, the services of this machine "
		     "included; add " ADDRESSES " self, or 0.0.0.0/0,::/0");
	else if (!options->outgoing.nr)
		warn(check, "no-ports", OUTGOING, 0,
		     "no " OUTGOING ": nothing at the restricted addresses can be reached; if that "
		     "is not meant, name the ports");
	else if (all_are_allowed(options))
		warn(check, "all-ports", OUTGOING, 0,
		     "all ports are allowed, so " ADDRESSES " restricts nothing; name those that "
		     "are needed");
}

/* The services of this machine listen on its other addresses as well, mostly. */
static void check_self(const struct check *check)
{
	const struct sn_options *options = check->options;

	if (covers_v4(options) && !names_v6(options))
		warn(check, "one-family", ADDRESSES, 0,
		     "all of IPv4 is restricted and nothing of IPv6; add ::/0");
	if (!options->restricted.nr || options->restricted.self || covers_v4(options))
		return;
	if (!options->restricted.loopback)
		warn(check, "loopback-free", ADDRESSES, 0,
		     "loopback is not restricted: this machine's own services can be reached; add "
		     "self");
	else
		warn(check, "self-free", ADDRESSES, 0,
		     "loopback is restricted, but this machine's other addresses lead to the same "
		     "services; add self");
}

static void check_servers(const struct check *check)
{
	const struct sn_options *options = check->options;
	const struct sn_machine *machine = check->machine;

	if (is_allowed(options, 53))
		return;
	for (size_t i = 0; i < machine->nr_servers; i++) {
		struct sn_address address;

		if (!parse(machine->servers[i], &address) || !is_restricted(options, address))
			continue;
		warn(check, "name-server", OUTGOING, 0,
		     "the name server %.64s is restricted and port 53 is not allowed: no name can "
		     "be looked up; add 53 to " OUTGOING,
		     machine->servers[i]);
		return;
	}
}

/* Whoever asks there gets credentials of the machine. */
static void check_metadata(const struct check *check)
{
	static const char *const v4 = "169.254.169.254", *const v6 = "fd00:ec2::254";
	const struct sn_options *options = check->options;
	bool open_v4 = is_open(options, v4), open_v6 = is_open(options, v6);

	if (open_v4 || open_v6)
		warn(check, "metadata-free", ADDRESSES, 0,
		     "%s%s%s can be reached, where clouds hand out credentials of the machine; add "
		     "%s to " ADDRESSES,
		     open_v4 ? v4 : "", open_v4 && open_v6 ? " and " : "", open_v6 ? v6 : "",
		     open_v4 && open_v6 ? "both" : "it");
	else if (is_allowed(options, 80))
		warn(check, "metadata-port", OUTGOING, 0,
		     "port 80 is open at all restricted addresses, so also at %s, where clouds "
		     "hand "
		     "out credentials of the machine; leave 80 out where that matters",
		     v4);
}

static void check_listen(const struct check *check)
{
	const struct sn_options *options = check->options;

	for (size_t i = 0; i < options->listen.nr; i++) {
		struct sn_text text = sn_port_text(options->listen.ranges[i]);

		if (options->listen.ranges[i].first >= check->machine->first_port)
			continue;
		warn(check, "privileged-port", "allowed-listen-ports", 0,
		     "%s: ports below %u need a capability, and a tenant has none; hand a socket "
		     "over with --keep-fd, or set net.ipv4.ip_unprivileged_port_start",
		     text.text, check->machine->first_port);
	}
}

/* ---- limits, users, paths ---- */

static bool is_limited(const char *value)
{
	return value && strcmp(value, "max") != 0;
}

static void check_limits(const struct check *check)
{
	if (!is_limited(check->options->memory_max))
		warn(check, "no-memory-limit", "memory-max", 0,
		     "no memory-max: the tenant can use up this machine's memory; add memory-max "
		     "512M, or what it needs");
	if (!is_limited(check->options->pids_max))
		warn(check, "no-pids-limit", "pids-max", 0,
		     "no pids-max: the tenant can use up this machine's threads; add pids-max 100, "
		     "or what it needs");
}

static bool is_one_of(const char *word, const char *const words[], size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

static void check_user(const struct check *check)
{
	static const char *const strong[] = { "0",   "root", "adm",  "disk", "docker", "incus",
					      "kvm", "lxd",  "kmem", "sudo", "wheel",  "shadow" };
	const struct sn_options *options = check->options;

	if (options->user && (!strcmp(options->user, "root") || !strcmp(options->user, "0")))
		warn(check, "root", "user", 0,
		     "as root the tenant owns root's files, wherever something hands them to it; "
		     "give it a user of its own");
	for (size_t i = 0; i < options->nr_groups; i++)
		if (is_one_of(options->groups[i], strong, sizeof(strong) / sizeof(*strong)))
			warn(check, "strong-group", "supplementary-group", i,
			     "the group %.64s is as good as root on many machines; leave it out",
			     options->groups[i]);
}

/* "/etc/" and "/etc//." are "/etc". */
static bool is_path(const char *path, const char *other)
{
	size_t len = strlen(other);

	if (strncmp(path, other, len) != 0 || (len > 1 && path[len] && path[len] != '/'))
		return false;
	return !path[len + strspn(path + len, "/.")];
}

static void check_paths(const struct check *check, const char *option, char *const paths[],
			size_t nr)
{
	static const char *const wide[] = { "/",     "/dev",	 "/etc",  "/home", "/proc",
					    "/root", "/run",	 "/srv",  "/sys",  "/usr",
					    "/var",  "/var/lib", "/boot", "/tmp" };
	bool write = !strcmp(option, "read-write");

	for (size_t i = 0; i < nr; i++)
		for (size_t j = 0; j < sizeof(wide) / sizeof(*wide); j++)
			if (is_path(paths[i], wide[j]) && (write || strcmp(wide[j], "/usr") != 0))
				warn(check, "wide-path", option, i,
				     "%s holds what is not the tenant's: others' data, secrets or "
				     "interfaces of the kernel; name the files or the directory "
				     "that it needs",
				     wide[j]);
}

void sn_warnings(const struct sn_options *options, const struct sn_machine *machine,
		 void (*each)(const struct sn_warning *warning, void *data), void *data)
{
	const struct check check = { options, machine, each, data };

	check_restriction(&check);
	check_self(&check);
	check_servers(&check);
	check_metadata(&check);
	check_listen(&check);
	check_limits(&check);
	check_user(&check);
	check_paths(&check, "read-only", options->read_only, options->nr_read_only);
	check_paths(&check, "read-write", options->read_write, options->nr_read_write);
}
