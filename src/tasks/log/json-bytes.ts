/**
 * JSON as the rows carry it. Buffers of small texts share memory, where TextEncoder allocates for each: a task is
 * half a dozen of them.
 */
export function toJsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), "utf8");
}

/** @throws SyntaxError */
export function fromJsonBytes(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
}
