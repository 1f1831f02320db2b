import { EdgeError } from "./edge-fault.ts";

export type ProtocolVersion = "0.3" | "1.0";

/**
 * The A2A version that a request names. Patch numbers are ignored (specification 3.6). Undefined when it is absent or
 * empty. @throws EdgeError `version` when it is not supported
 */
export function parseVersion(named: string | undefined): ProtocolVersion | undefined {
  const text = named?.trim();
  if (!text) {
    return undefined;
  }
  const version = /^(\d+\.\d+)(?:\.\d+)*$/.exec(text)?.[1];
  if (version === "1.0" || version === "0.3") {
    return version;
  }
  throw unsupported(`A2A version ${JSON.stringify(text.slice(0, 20))} is not supported. Use 1.0 or 0.3.`);
}

/** For paths of one version only. An absent version means 0.3 (specification 3.6.2). @throws EdgeError `version` */
export function requireVersion(named: string | undefined, required: ProtocolVersion): void {
  const version = parseVersion(named);
  if ((version ?? "0.3") !== required) {
    throw unsupported(
      required === "1.0"
        ? "This path belongs to A2A 1.0. Send the header A2A-Version: 1.0, or use a path of A2A 0.3, which begins with /v1."
        : `This path belongs to A2A 0.3, but the request is A2A ${version}. Omit /v1 from the path for A2A 1.0.`,
    );
  }
}

function unsupported(message: string): EdgeError {
  return new EdgeError({ code: "version", message });
}
