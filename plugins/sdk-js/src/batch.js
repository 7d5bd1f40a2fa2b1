// Owns a call with a batch: every event gets its answer, and exceptions become what the host understands.
import { problems } from './answer.js';
import { Batch } from './event.js';
import { Fault, problemsOf } from './failure.js';
import { describe } from './stack.js';

/**
 * One answer for each event. Problems are an answer, faults end the batch. Any other exception of one event alone is told as
 * `broken`, with its stack; among others it is left alone, which is a trap, and has the host look for the event at fault.
 */
export function batch(events, one, wrong) {
  let count = 1;
  try {
    const all = new Batch(events);
    count = all.length;
    const answers = new Array(count);
    for (let index = 0; index < count; index++) {
      try {
        answers[index] = one(all.at(index));
      } catch (error) {
        const told = problemsOf(error);
        if (told === undefined) throw error;
        answers[index] = wrong(problems(told));
      }
    }
    return answers;
  } catch (error) {
    if (error instanceof Fault) throw { tag: error.tag, val: error.message };
    if (count > 1) throw error;
    throw { tag: 'broken', val: describe(error) };
  }
}
