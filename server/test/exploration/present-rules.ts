import { assess, confirms, hasGoneBack, nextStep } from '../../src/domain/index-rules.js';
import type { Rules } from './index-model.ts';

/** The rules that the server runs. */
export const PRESENT_RULES: Rules = {
  nextStep,
  hasGoneBack,
  assess,
  confirms,
  raises: (mark, life) => mark.life === life,
  declares: true,
  revokes: true,
  adoptionStep: 2,
  trustsConnections: true,
};
