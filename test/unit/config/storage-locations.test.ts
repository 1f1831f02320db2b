import { expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { toStorageLocations } from "../../../src/config/storage-locations.ts";

const one = "DefaultEndpointsProtocol=https;AccountName=one;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net";
const env = { AUTH_MODE: "none" };

test.each<[string, Record<string, string>, object[]]>([
  [
    "a connection string",
    { STORAGE_CONNECTION_STRING: one },
    [{ name: "default", location: { connectionString: one } }],
  ],
  [
    "several, a line each",
    { STORAGE_CONNECTION_STRING: `a=${one}\n b=UseDevelopmentStorage=true\n` },
    [
      { name: "a", location: { connectionString: one } },
      { name: "b", location: { connectionString: "UseDevelopmentStorage=true" } },
    ],
  ],
  [
    "names",
    { STORAGE_ACCOUNT: "first, second" },
    [
      { name: "first", location: { account: "first" } },
      { name: "second", location: { account: "second" } },
    ],
  ],
])("reads %s", (_what, given, locations) => {
  expect(toStorageLocations(parseConfig({ ...env, ...given }))).toEqual(locations);
});

test.each<[string, Record<string, string>]>([
  ["two without names", { STORAGE_CONNECTION_STRING: `${one}\n${one}` }],
  ["two of one name", { STORAGE_CONNECTION_STRING: `a=${one}\na=${one}` }],
  ["one name twice", { STORAGE_ACCOUNT: "first,first" }],
  ["no name of an account", { STORAGE_ACCOUNT: "First" }],
])("refuses %s", (_what, given) => {
  expect(() => parseConfig({ ...env, ...given })).toThrow("STORAGE_");
});
