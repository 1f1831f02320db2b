/** A text of that many bytes in which every place is told from its neighbours, so that a lost or moved piece shows. */
export function createLongText(bytes: number): string {
  const words = Array.from({ length: Math.ceil(bytes / 8) }, (_, index) => index.toString(36).padStart(7, "0"));
  return words.join(" ").padEnd(bytes, ".").slice(0, bytes);
}
