export interface DataUrl {
  /** With its parameters; `""` where the URL has none. */
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** The content of a `data:` URL (RFC 2397), undefined for another URL and for one that is malformed. */
export function parseDataUrl(url: string): DataUrl | undefined {
  const comma = url.indexOf(",");
  if (comma === -1 || !/^data:/i.test(url)) {
    return undefined;
  }
  const [mediaType, isBase64] = splitHeader(url.slice("data:".length, comma));
  try {
    const text = decodeURIComponent(url.slice(comma + 1));
    return { mediaType, bytes: isBase64 ? fromBase64(text) : new TextEncoder().encode(text) };
  } catch {
    return undefined;
  }
}

function splitHeader(header: string): [mediaType: string, isBase64: boolean] {
  const mediaType = header.replace(/; *base64 *$/i, "");
  return [mediaType, mediaType.length < header.length];
}

/** @throws DOMException when it is no base64 */
function fromBase64(text: string): Uint8Array {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
