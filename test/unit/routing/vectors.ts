import { readFileSync } from 'node:fs'
import type { RoutedServer, Router } from '../../../src/exports/routing.ts'

/** Reads what a real client or library was seen to do; each file says which and in what form. */
export function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8'))
}

/** 250 keys: short ASCII, punctuation, long ones, then non-ASCII. */
export const KEYS: readonly string[] = (readVectors('keys') as { keys: string[] }).keys

/** Servers of these names; of weight 1 where no weight is given. */
export function serversOf(names: readonly string[], weights: readonly number[] = []): RoutedServer[] {
  return names.map((name, index) => ({ name, weight: weights[index] ?? 1 }))
}

/** `10.0.0.1:11211`, `10.0.0.2:11211`, … */
export function tenServers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `10.0.0.${index + 1}:11211`)
}

/** `127.0.0.1:21500`, `127.0.0.1:21501`, … */
export function localServers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `127.0.0.1:${21_500 + index}`)
}

/** One digit for the server of each key, as the vectors have them. */
export function row(router: Router, keys: readonly string[] = KEYS): string {
  return keys.map((key) => router.pick(key)).join('')
}
