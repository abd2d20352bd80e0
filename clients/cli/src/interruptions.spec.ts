import { describe, expect, it, vi } from 'vitest';
import { Interruptions } from './interruptions.js';

describe('interruptions', () => {
  it('end the innermost scope first, then the one around it', () => {
    const interruptions = new Interruptions(() => {});
    const shell = interruptions.enter();
    const command = interruptions.enter();
    interruptions.interrupt();
    expect([shell.signal.aborted, command.signal.aborted]).toEqual([false, true]);
    command.leave();
    interruptions.interrupt();
    expect(shell.signal.aborted).toBe(true);
  });

  it('give up on what was interrupted before and did not end', () => {
    const giveUp = vi.fn();
    const interruptions = new Interruptions(giveUp);
    interruptions.enter();
    interruptions.interrupt();
    expect(giveUp).not.toHaveBeenCalled();
    interruptions.interrupt();
    expect(giveUp).toHaveBeenCalledOnce();
  });

  it('end everything when the process is asked to end', () => {
    const giveUp = vi.fn();
    const interruptions = new Interruptions(giveUp);
    const scopes = [interruptions.enter(), interruptions.enter()];
    interruptions.interruptAll();
    expect(scopes.every(({ signal }) => signal.aborted)).toBe(true);
    expect(giveUp).not.toHaveBeenCalled();
  });
});
