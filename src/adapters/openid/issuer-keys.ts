import * as z from "zod";
import type { IssuerKeys } from "../../ports/issuer-keys.ts";

/** Time limit for one response, in ms. */
const TIMEOUT = 5_000;
/** Largest document, in bytes; enough for hundreds of keys. */
const MAX_BYTES = 512 * 1024;

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url() });
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })) });

/** OpenID Connect Discovery 1.0 and its key set (RFC 7517). Only https, except on loopback. */
export function createIssuerKeys(request: typeof fetch = fetch): IssuerKeys {
  return {
    async load(issuer) {
      const at = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
      const { issuer: named, jwks_uri: uri } = await read(at, metadata);
      // OpenID Connect Discovery 1.0, 4.3: otherwise one issuer could impersonate another.
      if (named !== issuer) {
        throw new Error(`${at} is the metadata of ${named}, not of ${issuer}`);
      }
      const { keys } = await read(uri, keySet);
      // Only asymmetric signing keys: with a published shared secret (`oct`) anyone could sign tokens.
      return keys.filter(({ kty, use }) => kty !== "oct" && (use === undefined || use === "sig"));
    },
  };

  async function read<T>(url: string, schema: z.ZodType<T>): Promise<T> {
    if (!isTrustworthy(new URL(url))) {
      throw new Error(`${url} must begin with https://`);
    }
    const response = await request(url, {
      headers: { accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`${url} answered ${response.status}`);
    }
    return schema.parse(JSON.parse(await readText(response, url)));
  }
}

async function readText(response: Response, url: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) {
      throw new Error(`${url} answered with more than ${MAX_BYTES} bytes`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function isTrustworthy({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}
