/** Where a Binary property ends. */
const COLUMN_BYTES = 64 * 1024;

/** Spreads text, as UTF-8, over the columns `b0`, `b1`, … of a row: string columns end at 32,768 UTF-16 units. */
export function toBinaryColumns(text: string): Record<string, Buffer> {
  const bytes = Buffer.from(text);
  const columns: Record<string, Buffer> = {};
  for (let at = 0, n = 0; n === 0 || at < bytes.byteLength; at += COLUMN_BYTES, n += 1) {
    const length = Math.min(COLUMN_BYTES, bytes.byteLength - at);
    // A Buffer: of any other view the client library would send the whole memory underneath.
    columns[`b${n}`] = Buffer.from(bytes.buffer, bytes.byteOffset + at, length);
  }
  return columns;
}

export function fromBinaryColumns(row: Readonly<Record<string, unknown>>): string {
  const columns: Uint8Array[] = [];
  for (let column = row["b0"]; column instanceof Uint8Array; column = row[`b${columns.length}`]) {
    columns.push(column);
  }
  return Buffer.concat(columns).toString();
}
