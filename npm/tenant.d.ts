// SPDX-License-Identifier: GPL-2.0-only

/** Does the kernel confine this process? It is tried, and once true it stays. */
export function isSafeMode(): boolean;

/** The one directory; null outside of a tenant. */
export function directory(): string | null;

/** What the starter has said, as it was then; null where it has not, and outside of a tenant. */
export function allowedOutgoingPorts(): string[] | null;
export function allowedListenPorts(): string[] | null;

/** Does the kernel let this process connect there now? Nothing is sent. */
export function mayConnect(address: string, port: number): Promise<boolean>;
