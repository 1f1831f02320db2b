import { expect, test } from "vitest";
import { limitCredential } from "../../src/adapters/identity/default-credential.ts";
import { createFakeCredential } from "../support/key-vault/fake-credential.ts";

test("an identity that never gives a token is an error in time, and is asked again", async () => {
  const credential = createFakeCredential("token");
  const limited = limitCredential(credential, 50);
  credential.misbehave(() => new Promise(() => {}));
  await expect(limited.getToken("scope")).rejects.toThrow("no token within 0.05 s");

  credential.misbehave();
  expect(await limited.getToken("scope")).toMatchObject({ token: "token" });
});
