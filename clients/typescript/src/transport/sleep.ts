/**
 * Resolves after `ms` milliseconds, or as soon as one of the signals aborts: callers look at their
 * signals afterwards anyway.
 */
export function sleep(ms: number, ...signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  return new Promise((resolve) => {
    if (signals.some((signal) => signal?.aborted)) {
      resolve();
      return;
    }
    const wake = (): void => {
      clearTimeout(timer);
      for (const signal of signals) signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    for (const signal of signals) signal?.addEventListener('abort', wake);
  });
}
