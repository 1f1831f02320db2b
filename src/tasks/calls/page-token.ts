import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { StateKeys } from "../../ports/state-keys.ts";
import type { ListCursor } from "../../ports/task-index.ts";

/** Where the next page of ListTasks begins. Signed together with the list and filters for which it is valid. */
export interface PageToken {
  readonly after: ListCursor;
  /** The total number of tasks, counted once for the first page. */
  readonly total: number;
}

const encoder = new TextEncoder();

/** `bound` is the scope, agent and filters of the list. A token does not verify with another `bound`. */
export function toPageToken(keys: StateKeys, token: PageToken, bound: string): string {
  const body = `${token.after.statusTime}.${token.after.taskId}.${token.total}`;
  return `${body}.${sign(keys.current(), body, bound)}`;
}

/** Undefined when the token was not signed with one of `keys` for this list and these filters. */
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

/** Each use has its own derived key (RFC 5869), so that one leaked key does not reveal the others. */
function derive(key: Uint8Array): Uint8Array {
  let derived = known.get(key);
  if (!derived) {
    derived = hkdf(sha256, key, undefined, encoder.encode("page tokens"), 32);
    known.set(key, derived);
  }
  return derived;
}

const known = new WeakMap<Uint8Array, Uint8Array>();

/** Compares in constant time, so that the time does not reveal the position of the first difference. */
function isEqual(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at += 1) {
    difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  }
  return difference === 0;
}
