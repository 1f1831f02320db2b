import type { GetTokenOptions, TokenCredential } from "@azure/identity";

/** Time limit for a token, in ms. */
const TIMEOUT = 10_000;

/**
 * The identity of this process. The client libraries share one request for a token among all waiting calls, so a request
 * that never ended would stop all of them for good.
 */
export async function openDefaultCredential(): Promise<TokenCredential> {
  // Loaded on demand: it takes a tenth of a second to load.
  const { DefaultAzureCredential } = await import("@azure/identity");
  return limitCredential(new DefaultAzureCredential());
}

/** A credential that gives a token, or an error, within `timeout` ms. */
export function limitCredential(credential: TokenCredential, timeout = TIMEOUT): TokenCredential {
  return {
    async getToken(scopes: string | string[], options?: GetTokenOptions) {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => late.reject(new Error(`the identity gave no token within ${timeout / 1_000} s`)),
        timeout,
      );
      try {
        return await Promise.race([credential.getToken(scopes, options), late.promise]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
