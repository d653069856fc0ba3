// SPDX-License-Identifier: GPL-2.0-only
/// <reference types="node" />
import type { ChildProcess, MessagingOptions, StdioOptions } from 'node:child_process';

type Text = string | number;
type Path = string | URL;
type OneOrMore<T> = T | readonly T[];

/** What a tenant is granted: the options of safenode-attach. Each one is in the README. */
export interface TenantOptions {
	/** The tenant's name. Default: one that no other process gives. */
	cgroup?: string | undefined;
	/** Its one directory, and its working directory. Needed, unless `policy` has it. */
	dir?: Path | undefined;
	/** Always true. */
	safeMode?: true | undefined;
	/** Addresses, CIDR, `self`: only the allowed ports there. Without it, no address is restricted. */
	restrictedOutgoingAddresses?: OneOrMore<string> | undefined;
	/** Ports and ranges that stay open at the restricted addresses. */
	allowedOutgoingPorts?: OneOrMore<Text> | undefined;
	/** Run as this user. Default: the directory's owner. */
	user?: Text | undefined;
	/** Stay at this terminal, with job control. */
	terminal?: boolean | undefined;
	/** More groups to run with. */
	supplementaryGroup?: OneOrMore<Text> | undefined;
	/** More files or directories to read. */
	readOnly?: OneOrMore<Path> | undefined;
	/** More files or directories to change. */
	readWrite?: OneOrMore<Path> | undefined;
	/** Bind to these ports only. Without it, to any free port. */
	allowedListenPorts?: OneOrMore<Text> | undefined;
	/** Bytes, with K, M or G, or `max`. */
	memoryMax?: Text | undefined;
	/** `50%` of one CPU, or `QUOTA PERIOD` in microseconds. */
	cpuMax?: string | undefined;
	/** Number of threads, or `max`. */
	pidsMax?: Text | undefined;
	/** NOT CONFINED: refuse nothing, report what would be refused. */
	observe?: boolean | undefined;
	/** Report what is granted, too. */
	logGranted?: boolean | undefined;
	/** A file with options, one a line. */
	policy?: Path | undefined;
	/** Make its cgroup below the one of this process. */
	delegated?: boolean | undefined;
}

/** What is as in node:child_process, and where node and the tools are. */
export interface SpawnOptions extends TenantOptions, MessagingOptions {
	/** Entries beyond the first three stay open in the tenant. */
	stdio?: StdioOptions | undefined;
	/** The whole environment. Default: PATH, LANG, LC_ALL and TZ of this process. */
	env?: NodeJS.ProcessEnv | undefined;
	detached?: boolean | undefined;
	signal?: AbortSignal | undefined;
	/** Milliseconds */
	timeout?: number | undefined;
	killSignal?: NodeJS.Signals | number | undefined;
	/** The node that it runs. Default: process.execPath. */
	execPath?: Path | undefined;
	/** Options for that node. Default: none. */
	execArgv?: readonly string[] | undefined;
	/** The directory of safenode's tools. Default: PATH, /usr/local/sbin, /usr/sbin. */
	tools?: string | undefined;
}

export interface ForkOptions extends SpawnOptions {
	/** Pipes instead of this process's standard streams. */
	silent?: boolean | undefined;
}

/** An event, as safenode-log --json prints it. The root README says what it has. */
export interface Denial {
	v: number;
	time: string;
	tenant: string;
	pid: number;
	comm: string;
	/** What was asked for: `fs.open`, `net.connect` */
	op: string;
	why: string;
	/** The error that the tenant got, or null where it is observed */
	error: string | null;
	/** The error that it would have got */
	would?: string;
	path?: string;
	address?: string;
	port?: number;
	/** The option that would have allowed it */
	option: string | null;
	grantable: boolean;
	[more: string]: unknown;
}

/** Events that never came, by number */
export interface Missed {
	tenant?: string;
	passed_over?: number;
	lost?: number;
	suppressed?: number;
	[more: string]: unknown;
}

/** The process of a tenant. 'exit' and 'close' come when the tenant is removed. */
export interface Tenant extends ChildProcess {
	readonly tenant: string;
	/** Each denial from the start on, until the tenant has ended */
	readonly denials: AsyncIterable<Denial>;
	/** From 'exit' on: the kernel ended it because memory ran out, by memoryMax or a limit above */
	readonly outOfMemory: boolean;
	/** Ends the tenant, and waits until it is removed. */
	[Symbol.asyncDispose](): Promise<void>;

	on(event: 'denial', listener: (denial: Denial) => void): this;
	on(event: 'missed', listener: (missed: Missed) => void): this;
	on(event: 'error', listener: (error: Error | SafenodeError) => void): this;
	on(event: string, listener: (...args: any[]) => void): this;
	once(event: 'denial', listener: (denial: Denial) => void): this;
	once(event: 'missed', listener: (missed: Missed) => void): this;
	once(event: 'error', listener: (error: Error | SafenodeError) => void): this;
	once(event: string, listener: (...args: any[]) => void): this;
}

/** What a warm process is started with; the rest of its policy comes with confine(). */
export type WarmOptions = Omit<ForkOptions, 'restrictedOutgoingAddresses' | 'allowedOutgoingPorts' | 'readOnly' |
	'readWrite' | 'allowedListenPorts' | 'observe' | 'logGranted' | 'policy'>;

/** Limits that are not named stay. */
export interface ConfineOptions extends Pick<TenantOptions, 'dir' | 'safeMode' | 'restrictedOutgoingAddresses' |
	'allowedOutgoingPorts' | 'readOnly' | 'readWrite' | 'allowedListenPorts' | 'memoryMax' | 'cpuMax' | 'pidsMax' |
	'logGranted' | 'policy'> {
	/** The descriptors that it keeps. Default: those beyond the first three that `stdio` gave it. */
	keepFd?: readonly number[] | undefined;
}

/** NOT CONFINED until confine() has resolved. */
export interface WarmTenant extends Tenant {
	/** Makes a tenant of it, for good, in its working directory. Rejects where it stays warm. */
	confine(options?: ConfineOptions): Promise<void>;
}

/** Why there is no tenant */
export interface SafenodeError extends Error {
	code: 'ERR_SAFENODE_NOT_IN_FORCE' | 'ERR_SAFENODE_USAGE' | 'ERR_SAFENODE_KERNEL' | 'ERR_SAFENODE_FAILED';
	/** What the tool said */
	line: string;
	/** What helps; null where the tool did not say */
	cure: string | null;
	/** Of the tool; null where none was run */
	exitStatus: number | null;
}

/** Of safenode-status; the schema in docs/status.schema.json has all of it. */
export interface Status {
	version: 1;
	safenode: string;
	kernel: string;
	in_force: boolean;
	checks: Array<{ id: string; what: string; met: boolean; needed: boolean; found: string; cure: string | null }>;
	tenants: TenantStatus[] | null;
	[more: string]: unknown;
}

export interface TenantStatus {
	name: string;
	cgroup: string;
	dir: string;
	state: 'running' | 'ended';
	mode: 'enforce' | 'observe' | 'warm' | 'closed';
	pids: number[];
	threads: number | null;
	memory: number | null;
	memory_max: number | null;
	cpu_usec: number | null;
	policy: Record<string, string | number | true | string[]>;
	denied: Record<string, number>;
	[more: string]: unknown;
}

export function spawn(script: Path, options: SpawnOptions): Tenant;
export function spawn(script: Path, args: readonly string[], options: SpawnOptions): Tenant;
export function fork(script: Path, options: ForkOptions): Tenant;
export function fork(script: Path, args: readonly string[], options: ForkOptions): Tenant;

/** As fork(), but it is NOT CONFINED before confine(): its files, native code and addresses are its user's. */
export function warm(script: Path, options: WarmOptions): WarmTenant;
export function warm(script: Path, args: readonly string[], options: WarmOptions): WarmTenant;

/** Rejects with a SafenodeError where no tenant can be started. */
export function check(options?: { tools?: string; execPath?: string }): Promise<void>;

/** Of all tenants, or one. Rejects where there is no such tenant. */
export function status(tenant?: string, options?: { tools?: string }): Promise<Status>;
