/** Buffers of small texts share memory, where TextEncoder allocates for each. */
export function toBytes(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}

/** A byte order mark stays: it is part of the text. */
export function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
