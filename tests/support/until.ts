/** Repeats a look at the system until it shows what is expected; throws with the last look after `milliseconds`. */
export async function until<T>(look: () => Promise<T>, expected: (value: T) => boolean, milliseconds = 10_000): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const value = await look();
    if (expected(value)) return value;
    if (Date.now() > end) throw new Error(`not so within ${milliseconds} ms; last seen: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
