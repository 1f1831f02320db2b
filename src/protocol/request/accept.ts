/**
 * The media type of a JSON answer for an `Accept` header (RFC 9110, 12.5.1). Clients that accept application/a2a+json
 * (specification 11.1), by name or by a wildcard, get it. Some clients accept only application/json, and some of these
 * send no `Accept` header.
 */
export function toJsonType(accept: string | undefined): "application/a2a+json" | "application/json" {
  const accepts = accept?.toLowerCase().split(",") ?? [];
  const isTaken = accepts.some((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    return A2A_RANGES.has(type) && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
  return isTaken ? "application/a2a+json" : "application/json";
}

const A2A_RANGES = new Set(["application/a2a+json", "application/*", "*/*"]);
