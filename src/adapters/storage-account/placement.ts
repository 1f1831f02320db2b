import { chooseByRendezvous } from "./rendezvous.ts";
import { attempt, statusOf } from "./store-attempt.ts";
import type { Table } from "../table-storage/table.ts";

/** The account of each scope; it never changes. */
export interface Placement {
  /** @throws StoreError */
  accountOf(scope: string): Promise<string>;
}

/** Most scopes cached by this process. */
const MAX_KNOWN = 100_000;

/**
 * Rows `{scope}` / `account` of the table `placement` in the first account. A scope is placed by rendezvous hashing when
 * it is first seen, and stays there: an account that is added later moves no scope. Two instances that place a scope at the
 * same time use the row that was inserted first.
 */
export function createTablePlacement({ conditional, retrying }: Table, accounts: readonly string[]): Placement {
  const known = new Map<string, Promise<string>>();
  return {
    accountOf(scope) {
      const found = known.get(scope);
      if (found) {
        return found;
      }
      const account = place(scope);
      if (known.size < MAX_KNOWN) {
        known.set(scope, account);
      }
      account.catch(() => known.delete(scope));
      return account;
    },
  };

  function place(scope: string): Promise<string> {
    return attempt("place scope", async () => {
      const recorded = await read(scope);
      if (recorded !== undefined) {
        return recorded;
      }
      const account = chooseByRendezvous(scope, accounts);
      try {
        await conditional.createEntity({ partitionKey: scope, rowKey: "account", account });
        return account;
      } catch (error) {
        // Another instance was first, or the answer to this write was lost.
        const winner = statusOf(error) === 409 ? await read(scope) : undefined;
        if (winner === undefined) {
          throw error;
        }
        return winner;
      }
    });
  }

  async function read(scope: string): Promise<string | undefined> {
    try {
      const { account } = await retrying.getEntity<{ account: string }>(scope, "account");
      return account;
    } catch (error) {
      if (statusOf(error) === 404) {
        return undefined;
      }
      throw error;
    }
  }
}
