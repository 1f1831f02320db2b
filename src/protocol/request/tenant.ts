import { invalid } from "../../tasks/task-fault.ts";

/** Whether a name is the first segment of another path, and so cannot be a tenant. */
export function isReserved(tenant: string): boolean {
  return /^(?:tasks|message:.*|v\d+|extendedAgentCard|\.well-known|agents)$/.test(tenant);
}

/** The tenant of a call, `""` when there is none. @throws TaskError `invalid` when path and parameters disagree */
export function agreeOnTenant(fromPath: string, fromParams: string): string {
  if (fromPath !== "" && fromParams !== "" && fromPath !== fromParams) {
    throw invalid("tenant", "differs from the tenant in the path; send the same tenant, or omit it");
  }
  const tenant = fromPath || fromParams;
  if (tenant.length > 255 || isReserved(tenant)) {
    throw invalid("tenant", "must have at most 255 characters and must not be a reserved name");
  }
  return tenant;
}
