/** More differences than this, or than a third of the word, and another word was meant. */
const MOST_DIFFERENCES = 3;

/** The one of `words` that somebody who wrote `word` probably meant; undefined when none is near. */
export function nearestWord(word: string, words: Iterable<string>): string | undefined {
  const wanted = normalized(word);
  let nearest: string | undefined;
  let least = Math.min(MOST_DIFFERENCES, Math.ceil(wanted.length / 3)) + 1;
  for (const candidate of words) {
    const differences = distance(wanted, normalized(candidate));
    if (differences < least) [nearest, least] = [candidate, differences];
  }
  return nearest;
}

/** `player_id`, `playerID` and `playerId` are one word. */
function normalized(word: string): string {
  return word.replaceAll(/[_-]/g, '').toLowerCase();
}

/** How many letters must be added, taken away or replaced to make `b` of `a` (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
