import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { StateKeys } from "../../ports/state-keys.ts";
import type { ListCursor } from "../../ports/task-index.ts";

/** Where a walk of ListTasks goes on. Signed with everything that it is valid for. */
export interface PageToken {
  readonly after: ListCursor;
  /** Counted once a walk. */
  readonly total: number;
}

const encoder = new TextEncoder();

/** `bound` is the scope, agent and filters of the walk: a token of another walk does not verify. */
export function toPageToken(keys: StateKeys, token: PageToken, bound: string): string {
  const body = `${token.after.statusTime}.${token.after.taskId}.${token.total}`;
  return `${body}.${sign(keys.current(), body, bound)}`;
}

/** Undefined when the token is not one of ours for this walk. */
export function parsePageToken(keys: StateKeys, token: string, bound: string): PageToken | undefined {
  const match = /^(\d{1,15})\.([A-Za-z0-9-]{1,64})\.(\d{1,12})\.([0-9a-f]{32})$/.exec(token);
  if (!match) {
    return undefined;
  }
  const [, statusTime = "", taskId = "", total = "", signature = ""] = match;
  const body = `${statusTime}.${taskId}.${total}`;
  if (!keys.all().some((key) => isEqual(signature, sign(key, body, bound)))) {
    return undefined;
  }
  return { after: { statusTime: Number(statusTime), taskId }, total: Number(total) };
}

function sign(key: Uint8Array, body: string, bound: string): string {
  return bytesToHex(hmac(sha256, derive(key), encoder.encode(`${body}\n${bound}`))).slice(0, 32);
}

/** A key of its own for every use (RFC 5869): what is learned of one tells nothing of another. */
function derive(key: Uint8Array): Uint8Array {
  let derived = known.get(key);
  if (!derived) {
    derived = hkdf(sha256, key, undefined, encoder.encode("page tokens"), 32);
    known.set(key, derived);
  }
  return derived;
}

const known = new WeakMap<Uint8Array, Uint8Array>();

/** Takes the same time wherever the first difference is. */
function isEqual(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at += 1) {
    difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  }
  return difference === 0;
}
