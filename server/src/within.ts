/**
 * What `work` resolves with, or `otherwise` if it takes longer than `ms` milliseconds; then nobody hears
 * what becomes of it. Fails as `work` does.
 */
export async function within<T, const U>(
  ms: number,
  work: Promise<T>,
  otherwise: U,
): Promise<T | U> {
  const patience = Promise.withResolvers<U>();
  const timer = setTimeout(patience.resolve, ms, otherwise);
  try {
    return await Promise.race([work, patience.promise]);
  } finally {
    clearTimeout(timer);
  }
}
