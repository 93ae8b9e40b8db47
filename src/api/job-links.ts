/** The API's paths for one job. */
export function jobLinks(jobId: string) {
  return {
    self: `/jobs/${jobId}`,
    cancel: `/jobs/${jobId}/cancel`,
    resume: `/jobs/${jobId}/resume`,
    approve: `/jobs/${jobId}/approve`,
    reject: `/jobs/${jobId}/reject`,
    retry: `/jobs/${jobId}/retry`,
  };
}
