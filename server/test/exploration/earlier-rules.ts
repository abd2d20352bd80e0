import type { Confirmation, IndexMark, Life } from '../../src/domain/index-rules.js';
import type { Rules } from './index-model.ts';

/**
 * The rules of commit 79f1507, for comparison. A life was the run of one Redis server, taken from it and not
 * declared; a server believed whichever it was connected to. A confirmation counted unless the epoch
 * had moved by 1,000, which only an adoption did; one without an index always counted.
 */
export const EARLIER_RULES: Rules = {
  nextStep(redis, present: Life | undefined) {
    return present?.redis === redis ? 'recover' : 'declare';
  },
  hasGoneBack: () => false,
  assess(mark, state, life) {
    const isComplete =
      mark.epoch > 0 && state.epoch === mark.epoch && state.revision >= mark.settledRevision;
    if (!isComplete) return 'build';
    return state.life === life ? 'serve' : 'adopt';
  },
  confirms(confirmation: Confirmation, mark: IndexMark, epoch: number) {
    return confirmation.kind === 'unserved' || mark.epoch < epoch + 1000;
  },
  raises(mark, _life, epoch) {
    return mark.epoch === epoch;
  },
  declares: false,
  revokes: false,
  adoptionStep: 1000,
  trustsConnections: false,
};
