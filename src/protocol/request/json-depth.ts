const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The bit by which `{` differs from `[`, and `}` from `]`. */
const CURLY_BIT = 0x20;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/**
 * Whether JSON text is nested deeper than `limit` levels. Scans the text before it is parsed, because parsing 30 MB of
 * `[` would take a gigabyte of memory. Skips strings with indexOf, which is fast.
 */
export function isTooDeep(json: string, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(json, at);
    } else if ((code | CURLY_BIT) === OPENING) {
      depth += 1;
      if (depth > limit) {
        return true;
      }
    } else if ((code | CURLY_BIT) === CLOSING) {
      depth -= 1;
    }
  }
  return false;
}

function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(json, end)) {
    end = json.indexOf('"', end + 1);
  }
  return end === -1 ? json.length : end;
}

function isEscaped(json: string, at: number): boolean {
  let backslashes = 0;
  while (json.charCodeAt(at - 1 - backslashes) === BACKSLASH) {
    backslashes += 1;
  }
  return backslashes % 2 === 1;
}
