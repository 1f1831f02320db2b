/** A Buffer, because small ones share memory, while TextEncoder allocates for each text. */
export function toBytes(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}

/** Keeps a byte order mark: it is part of the text. */
export function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
