// SPDX-License-Identifier: GPL-2.0-only
/* A native addon: machine code that leaves a mark when it runs. Needs none of node's headers. */
#include <stdlib.h>

__attribute__((constructor)) static void run(void)
{
	setenv("SAFENODE_DEMO_ADDON", "ran", 1);
}

/* What node looks for (Node-API): returns the module's exports. NULL leaves them empty. */
void *napi_register_module_v1(void *env, void *exports);
void *napi_register_module_v1(void *env, void *exports)
{
	(void)env;
	(void)exports;
	return NULL;
}
