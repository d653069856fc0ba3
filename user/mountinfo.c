// SPDX-License-Identifier: GPL-2.0-only
/* /proc/self/mountinfo: what is mounted where. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mountinfo.h"

/* fs/proc_namespace.c show_mountinfo() writes space, tab, newline and backslash as \ooo. */
static void decode_octal(char *text)
{
	char *out = text;

	for (; *text; out++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
		    text[2] <= '7' && text[3] >= '0' && text[3] <= '7') {
			*out = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
				      (text[3] - '0'));
			text += 4;
			continue;
		}
		*out = *text++;
	}
	*out = '\0';
}

/* "254:0", by MAJOR() and MINOR() of include/linux/kdev_t.h: 12 and 20 bits */
static bool parse_dev(const char *text, __u32 *dev)
{
	unsigned long dev_major, dev_minor;
	char *end;

	if (*text == ':' || strspn(text, "0123456789") != strcspn(text, ":"))
		return false;
	dev_major = strtoul(text, &end, 10);
	if (!*end || !end[1] || end[1 + strspn(end + 1, "0123456789")])
		return false;
	dev_minor = strtoul(end + 1, NULL, 10);
	*dev = (__u32)(dev_major << 20 | dev_minor);
	return dev_major < 1UL << 12 && dev_minor < 1UL << 20;
}

/*
 * "27 1 254:0 / /mnt rw shared:1 - ext4 /dev/vda rw"; the optional fields end at the dash. By hand:
 * libmount would bring three libraries for these lines.
 */
bool sn_mount_parse(char *line, struct sn_mount *mount)
{
	char *type = strstr(line, " - "), *rest = line, *fields[5], *end;

	if (!type)
		return false;
	*type = '\0';
	type += 3;
	end = type + strcspn(type, "\n");
	*end = '\0';
	mount->options = type + strcspn(type, " ");
	if (*mount->options)
		*mount->options++ = '\0';
	mount->options += strcspn(mount->options, " "); /* behind the source */
	mount->options += strspn(mount->options, " ");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		fields[i] = strsep(&rest, " ");
	if (!fields[4] || fields[4][0] != '/' || !*type || !parse_dev(fields[2], &mount->dev))
		return false;
	decode_octal(fields[3]);
	decode_octal(fields[4]);
	mount->id = (int)strtol(fields[0], NULL, 10);
	mount->root = fields[3];
	mount->point = fields[4];
	mount->type = type;
	return true;
}

/* Up to a colon without a backslash before it; *@rest is what is behind. */
static char *next_path(char **rest)
{
	char *path = *rest, *in = path, *out = path;

	while (*in && *in != ':') {
		if (in[0] == '\\' && in[1])
			in++;
		*out++ = *in++;
	}
	*rest = *in ? in + 1 : in;
	*out = '\0';
	return path;
}

/*
 * "rw,lowerdir=/a:/b,upperdir=/u,workdir=/w", by ovl_show_options() in fs/overlayfs, which writes
 * a comma in a path as \054. "::" stands before layers with data only.
 */
int sn_mount_layers(char *options, int (*each)(const char *path, void *data), void *data)
{
	static const char *const names[] = { "lowerdir", "lowerdir+", "datadir+", "upperdir" };
	char *option, *value;
	bool layer;
	int ret = 0;

	while (!ret && (option = strsep(&options, ","))) {
		value = strchr(option, '=');
		layer = false;
		if (value)
			*value++ = '\0';
		for (size_t i = 0; value && i < sizeof(names) / sizeof(names[0]); i++)
			layer |= !strcmp(option, names[i]);
		if (layer)
			decode_octal(value);
		while (!ret && layer && *value) {
			const char *path = next_path(&value);

			ret = *path ? each(path, data) : 0;
		}
	}
	return ret;
}

struct sn_mounts sn_mounts_open(void)
{
	return (struct sn_mounts){ .file = fopen("/proc/self/mountinfo", "re") };
}

struct sn_mounts sn_mounts_open_of(pid_t pid)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	return (struct sn_mounts){ .file = fopen(path, "re") };
}

bool sn_mounts_next(struct sn_mounts *mounts, struct sn_mount *mount)
{
	while (mounts->file && getline(&mounts->line, &mounts->size, mounts->file) > 0)
		if (sn_mount_parse(mounts->line, mount))
			return true;
	return false;
}

void sn_mounts_close(struct sn_mounts *mounts)
{
	if (mounts->file)
		fclose(mounts->file);
	free(mounts->line);
	*mounts = (struct sn_mounts){};
}

int sn_mount_point(__u32 dev, char *path, size_t size)
{
	sn_automounts struct sn_mounts mounts = sn_mounts_open();
	struct sn_mount mount;
	size_t best = size;

	if (!mounts.file)
		return -errno;
	while (sn_mounts_next(&mounts, &mount)) {
		size_t len = strlen(mount.point);

		/* skip mounts of a part of it, where paths from its root do not lead */
		if (mount.dev != dev || strcmp(mount.root, "/") || len >= best)
			continue;
		memcpy(path, mount.point, len + 1);
		best = len;
	}
	return best < size ? 0 : -ENOENT;
}
