import { SignJWT } from "jose";
import type { JWTPayload } from "jose";
import { bearer, message, rpc, toVerdict } from "./attack.ts";
import type { Attack } from "./attack.ts";
import { call } from "./world.ts";
import type { World } from "./world.ts";

const REFUSED = "401 invalid_token";
const now = (): number => Math.floor(Date.now() / 1_000);

/** Calls with credentials that are none, others', too old, too new or not what they say. */
export const tokenAttacks: readonly Attack[] = [
  attack("no token at all", "401 no token", async () => ({})),
  attack("an empty Authorization", "401 no token", async () => ({ authorization: "" })),
  attack("Basic instead of Bearer", REFUSED, async () => ({ authorization: `Basic ${btoa("alice:secret")}` })),
  attack(
    "a token in the query",
    "401 no token",
    async () => ({}),
    async (world) => `/agents/echo?access_token=${await world.token()}`,
  ),
  attack("two tokens in one header", REFUSED, async (world) => {
    const [one, two] = [await world.token(), await world.token({ sub: "root" })];
    return { authorization: `Bearer ${one}, Bearer ${two}` };
  }),
  attack("a token of 20,000 characters", "431 or 401", async () => ({ authorization: `Bearer ${"a".repeat(20_000)}` })),
  attack("bytes that are no token", REFUSED, async () => ({ authorization: "Bearer not.a.token" })),
  attack('"alg": "none", without a signature', REFUSED, (world) => forge(world, { alg: "none" }, "")),
  attack('"alg": "NoNe", with a signature', REFUSED, (world) => forge(world, { alg: "NoNe" })),
  attack("HS256 with the public key for a secret", REFUSED, async (world) => {
    const claims = { iss: world.issuer.issuer, aud: "gateway", sub: "alice", iat: now(), exp: now() + 60 };
    const secret = new TextEncoder().encode(JSON.stringify(world.issuer.publicKeys[0]));
    return bearer(await new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "first" }).sign(secret));
  }),
  attack("RS512, which is not allowed", REFUSED, (world) => forge(world, { alg: "RS512", kid: "first" })),
  attack("another algorithm than the key's", REFUSED, (world) => forge(world, { alg: "PS256", kid: "first" })),
  attack("claims that were changed after signing", REFUSED, async (world) => {
    const [header, , signature] = (await world.token()).split(".");
    const claims = { iss: world.issuer.issuer, aud: "gateway", sub: "root", iat: now(), exp: now() + 60 };
    return { authorization: `Bearer ${header}.${encode(claims)}.${signature}` };
  }),
  attack("a signature that was cut", REFUSED, async (world) => bearer((await world.token()).slice(0, -20))),
  attack("somebody else's key under the issuer's key id", REFUSED, async (world) =>
    bearer(await world.token({ iss: world.issuer.issuer }, {}, world.stranger)),
  ),
  attack("a key of its own in the header (jwk)", REFUSED, async (world) =>
    bearer(
      await world.token({ iss: world.issuer.issuer }, { jwk: world.stranger.publicKeys[0] as object }, world.stranger),
    ),
  ),
  attack("a place of its own for keys (jku)", REFUSED, async (world) =>
    bearer(await world.token({ iss: world.issuer.issuer }, { jku: `${world.stranger.issuer}/keys` }, world.stranger)),
  ),
  attack("a key id that is a path", REFUSED, async (world) => bearer(await world.token({}, { kid: "../../dev/null" }))),
  attack("an extension that must be understood (crit)", REFUSED, (world) =>
    forge(world, { alg: "RS256", kid: "first", crit: ["x"], x: 1 }),
  ),
  attack("an issuer that is not trusted", REFUSED, async (world) => bearer(await world.token({}, {}, world.stranger))),
  withClaims("the issuer with a slash more", ({ issuer }) => ({ iss: `${issuer.issuer}/` })),
  withClaims("another audience", () => ({ aud: "another" })),
  withClaims("no audience", () => ({ aud: undefined as unknown as string })),
  withClaims("an audience that begins like ours", () => ({ aud: "gateway-2" })),
  withClaims("an end that is over", () => ({ iat: now() - 400, exp: now() - 60 })),
  withClaims("no end", () => ({ exp: undefined as unknown as number })),
  withClaims("a beginning that is to come", () => ({ nbf: now() + 120 })),
  withClaims("issued in the future", () => ({ iat: now() + 120, exp: now() + 240 })),
  withClaims("no time of issue", () => ({ iat: undefined as unknown as number })),
  withClaims("an hour's life, where 15 minutes are the most", () => ({ exp: now() + 3_600 })),
  withClaims("a text for an end", () => ({ exp: "9999999999" as unknown as number })),
  withClaims("an empty subject", () => ({ sub: "" })),
  withClaims("an ID token's type", () => ({ typ: "ID" })),
  withClaims("a refresh token's type", () => ({ typ: "Refresh" })),
  attack("a caller without the role that all need", "403 insufficient_scope", async (world) =>
    bearer(await world.token({ realm_access: { roles: ["other"] } })),
  ),
  attack("roles that are no list", "403 insufficient_scope", async (world) =>
    bearer(await world.token({ realm_access: { roles: "caller" } })),
  ),
  attack("roles of another client", "403 insufficient_scope", async (world) =>
    bearer(await world.token({ realm_access: {}, resource_access: { another: { roles: ["caller"] } } })),
  ),
];

type Headers = Record<string, string>;

function attack(
  name: string,
  expected: string,
  headersOf: (world: World) => Promise<Headers>,
  pathOf: (world: World) => Promise<string> = async () => "/agents/echo",
): Attack {
  return {
    name,
    expected,
    async run(world) {
      const request = rpc("SendMessage", { message: message() }, await headersOf(world));
      const verdict = toVerdict(await call(world.host.url, await pathOf(world), request));
      // Node's own limit of headers comes first.
      return expected === "431 or 401" && (verdict === "431" || verdict === REFUSED) ? expected : verdict;
    },
  };
}

function withClaims(name: string, claimsOf: (world: World) => JWTPayload): Attack {
  return attack(`a token with ${name}`, REFUSED, async (world) => bearer(await world.token(claimsOf(world))));
}

/** A good token's claims and signature under another header. */
async function forge(world: World, header: object, signature?: string): Promise<Headers> {
  const [, payload, own] = (await world.token()).split(".");
  return { authorization: `Bearer ${encode(header)}.${payload}.${signature ?? own}` };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
