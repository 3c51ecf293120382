/** For tests of the model. */
import { applyCommands } from './apply-command.ts';
import type { Command } from './command.ts';
import type { Model } from './model.ts';

/** The model after commands that must be right. */
export function commanded(model: Model, commands: readonly Command[]): Model {
  const applied = applyCommands(model, commands);
  if ('error' in applied) throw new Error(applied.error.message);
  return applied.model;
}
