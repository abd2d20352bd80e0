/** The result of `work`, or `otherwise` if it takes longer than `ms` milliseconds. Fails as `work` does. */
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
