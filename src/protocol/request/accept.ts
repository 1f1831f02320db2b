/**
 * The media type of JSON for an `Accept` header (RFC 9110, 12.5.1). The specification's own (11.1) goes to those who
 * accept it, by name or by a wildcard; some clients read nothing but application/json, and say so or say nothing.
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
