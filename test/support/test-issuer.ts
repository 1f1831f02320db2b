import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { JWTHeaderParameters, JWTPayload } from "jose";
import type { IssuerKeys, PublicJwk } from "../../src/ports/issuer-keys.ts";

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];

/** An issuer whose keys and failures a test controls. */
export interface TestIssuer extends IssuerKeys {
  readonly issuer: string;
  /** How often its keys were fetched. */
  readonly asked: number;
  reachable: boolean;
  /** Replaces its keys. */
  rotate(kid: string, alg?: string): Promise<void>;
  /** A token with the newest key; `exp`, `iat` and so on as given. */
  sign(claims: JWTPayload, header?: Partial<JWTHeaderParameters>): Promise<string>;
  /** Its public keys, for tests that use them as other kinds of keys. */
  readonly publicKeys: readonly PublicJwk[];
}

export async function createTestIssuer(issuer = "https://issuer.test"): Promise<TestIssuer> {
  let current: { readonly kid: string; readonly alg: string; readonly key: PrivateKey } | undefined;
  const self = {
    issuer,
    asked: 0,
    reachable: true,
    publicKeys: [] as PublicJwk[],
    async rotate(kid: string, alg = "RS256") {
      const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
      current = { kid, alg, key: privateKey };
      self.publicKeys = [{ ...((await exportJWK(publicKey)) as PublicJwk), kid, alg, use: "sig" }];
    },
    async sign(claims: JWTPayload, header: Partial<JWTHeaderParameters> = {}) {
      if (!current) {
        throw new Error("rotate first");
      }
      const { kid, alg, key } = current;
      return new SignJWT({ iss: issuer, ...claims }).setProtectedHeader({ alg, kid, typ: "JWT", ...header }).sign(key);
    },
    async load() {
      self.asked += 1;
      if (!self.reachable) {
        throw new Error("unreachable");
      }
      return self.publicKeys;
    },
  };
  await self.rotate("first");
  return self;
}
