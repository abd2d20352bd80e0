/** The player as people know them: `Ada (p-17)`, or the id where there is no other name. */
export function playerLabel(player: { playerId: string; displayName: string }): string {
  const { playerId, displayName } = player;
  return displayName === '' || displayName === playerId ? playerId : `${displayName} (${playerId})`;
}
