// SPDX-License-Identifier: GPL-2.0-only
/* A native addon that is a function: how often was it called? Needs none of node's headers. */
#include <stddef.h>
#include <stdint.h>

/* of node's own (Node-API) */
int napi_create_int32(void *env, int32_t value, void **result);
int napi_create_function(void *env, const char *name, size_t length,
			 void *(*call)(void *env, void *info), void *data, void **result);
void *napi_register_module_v1(void *env, void *exports);

static void *count(void *env, void *info)
{
	static int32_t calls;
	void *result = NULL;

	napi_create_int32(env, ++calls, &result);
	return result;
}

void *napi_register_module_v1(void *env, void *exports)
{
	void *function = NULL;

	napi_create_function(env, "count", sizeof("count") - 1, count, NULL, &function);
	return function;
}
