import { createHash } from "node:crypto";

/** The name for a key by rendezvous hashing: adding a name moves only the keys for which it has the highest weight. */
export function chooseByRendezvous(key: string, names: readonly string[]): string {
  const [first] = names
    .map((name) => ({ name, weight: weigh(key, name) }))
    .toSorted((one, other) => (one.weight < other.weight ? 1 : -1));
  if (!first) {
    throw new RangeError("there is no name to choose from");
  }
  return first.name;
}

function weigh(key: string, name: string): string {
  return createHash("sha256").update(`${name}\n${key}`).digest("hex");
}
