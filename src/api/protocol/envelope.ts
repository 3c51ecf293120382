/**
 * The envelope of every JSON answer: which schema it follows, when and where it
 * was made, and the epoch (how many changes this daemon has applied).
 *
 * Within `xlb/1` fields are only added: readers ignore what they do not know.
 */
import * as z from 'zod';
import { countSchema, timeSchema } from './scalars.ts';

/** A report: the envelope with a body. `name` is what `xlb schema NAME` prints. */
export function reportSchema<const Name extends string, Shape extends z.ZodRawShape>(
  name: Name,
  body: z.ZodObject<Shape>,
) {
  return z.object({
    schema: z.literal(`xlb/1/${name}` as const),
    time: timeSchema,
    host: z.string(),
    epoch: countSchema,
    ...body.shape,
  });
}
