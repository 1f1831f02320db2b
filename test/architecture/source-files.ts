import { globSync, readFileSync } from "node:fs";
import { posix, sep } from "node:path";

export interface SourceFile {
  /** From the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Paths of the project's own files that it imports, types included. */
  readonly imports: readonly string[];
}

export function readSourceFiles(): SourceFile[] {
  return globSync("src/**/*.ts").map((found) => {
    const path = found.replaceAll(sep, "/");
    const text = readFileSync(path, "utf8");
    return { path, text, imports: toImports(path, text) };
  });
}

function toImports(path: string, text: string): string[] {
  const specifiers = text.matchAll(/(?:\bfrom|\bimport|\bimport\(|\bnew URL\()\s*"(\.{1,2}\/[^"]+\.ts)"/g);
  return Array.from(specifiers, ([, specifier = ""]) => posix.join(posix.dirname(path), specifier));
}
