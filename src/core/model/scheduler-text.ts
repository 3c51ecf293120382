import type { VirtualService } from './model.ts';

/** How a service spreads its connections, for people: `mh, ring of 4093, port`. */
export function schedulerText({ scheduler, options }: Pick<VirtualService, 'scheduler' | 'options'>): string {
  const words: string[] = [scheduler === 'mh' ? `mh, ring of ${options.ringSize}` : scheduler];
  if (options.port) words.push('port');
  if (options.fallback) words.push('fallback');
  return words.join(', ');
}
