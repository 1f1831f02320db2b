import { globSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Wall clocks of host processes, by libfaketime (Debian package of that name). Their monotonic clocks are right. */
export interface WallClocks {
  /** The environment of a host, and how to set its clock. */
  add(): { readonly env: Readonly<Record<string, string>>; readonly setAhead: (seconds: number) => void };
}

/** Undefined where libfaketime is not installed. */
export function findWallClocks(): WallClocks | undefined {
  const [library] = globSync("/usr/lib/*/faketime/libfaketimeMT.so.1");
  if (library === undefined) {
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), "a2a-clocks-"));
  let hosts = 0;
  return {
    add() {
      const file = join(folder, `host-${(hosts += 1)}`);
      const setAhead = (seconds: number): void => writeFileSync(file, `${seconds < 0 ? "" : "+"}${seconds}`);
      setAhead(0);
      const env = {
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: file,
        FAKETIME_NO_CACHE: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
      };
      return { env, setAhead };
    },
  };
}
