import type { GetTokenOptions, TokenCredential } from "@azure/identity";

export interface FakeCredential extends TokenCredential {
  /** The scopes and the tenant of each token that was asked for. */
  readonly asked: { readonly scopes: string | string[]; readonly tenantId: string | undefined }[];
  /** What becomes of a token that is asked for from now on; a token without an argument. */
  misbehave(instead?: () => Promise<never>): void;
}

/** Gives the same token each time, for `lifetime` ms. */
export function createFakeCredential(token: string, lifetime = 3_600_000): FakeCredential {
  const asked: FakeCredential["asked"] = [];
  let misbehaviour: (() => Promise<never>) | undefined;
  return {
    asked,
    misbehave(instead) {
      misbehaviour = instead;
    },
    async getToken(scopes: string | string[], options?: GetTokenOptions) {
      asked.push({ scopes, tenantId: options?.tenantId });
      await misbehaviour?.();
      return { token, expiresOnTimestamp: Date.now() + lifetime };
    },
  };
}
