const STATUS_NAMES: Readonly<Record<number, string>> = { 400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 405: "UNIMPLEMENTED", 500: "INTERNAL" };

/** An error of the web server itself, outside every A2A binding, in the shape of google.rpc.Status all the same. */
export function toHttpError(status: number, message: string, headers: Record<string, string> = {}): Response {
  const error = { code: status, status: STATUS_NAMES[status] ?? "UNKNOWN", message, details: [] };
  return Response.json({ error }, { status, headers });
}
