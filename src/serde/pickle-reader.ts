import { ByteReader } from './byte-reader.ts'
import { fitInteger, parseInteger } from './integer.ts'
import { damaged, PickleMachine } from './pickle-machine.ts'
import { checkAscii, decodeFloat, decodeRawUnicodeEscape, decodeRepr } from './pickle-text.ts'
import { checkText, decodeLatin1, decodeText } from './text.ts'
import { decodeTwosComplement } from './twos-complement.ts'

const NEWEST_PROTOCOL = 5
const STOP = 0x2e

type Step = (machine: PickleMachine, reader: ByteReader) => void

/**
 * Decodes a pickle of protocol 0 to 5 that holds plain types only; throws for any other. Opcodes and their meaning:
 * `pickletools` of Python 3.11. Sets, `bytearray`, objects, classes and functions are refused.
 *
 * @param maxBytes - Memory limit of the value's parts; more is an error.
 */
export function decodePickle(data: Uint8Array, maxBytes: number): unknown {
  const reader = new ByteReader(data)
  const machine = new PickleMachine(maxBytes)
  for (let opcode = reader.byte(); opcode !== STOP; opcode = reader.byte()) {
    const step = STEPS.get(opcode)
    if (step === undefined)
      throw new Error('the pickle holds an object, a set or a `bytearray`: only plain types are read')
    step(machine, reader)
  }
  reader.end()
  return machine.finish()
}

const CONSTANTS: Readonly<Record<string, Step>> = {
  N: (machine) => machine.push(null),
  '\x88': (machine) => machine.push(true),
  '\x89': (machine) => machine.push(false),
  ']': (machine) => machine.pushList([]),
  ')': (machine) => machine.pushList([]),
  '}': (machine) => machine.pushDict([]),
}

const NUMBERS: Readonly<Record<string, Step>> = {
  I: (machine, reader) => machine.push(readInt(reader)),
  L: (machine, reader) => machine.push(parseInteger(decodeLatin1(reader.line()).replace(/L$/, ''))),
  J: (machine, reader) => machine.push(reader.int32()),
  K: (machine, reader) => machine.push(reader.byte()),
  M: (machine, reader) => machine.push(reader.uint16()),
  '\x8a': (machine, reader) => machine.push(readLong(reader, reader.byte())),
  '\x8b': (machine, reader) => machine.push(readLong(reader, reader.int32())),
  F: (machine, reader) => machine.push(decodeFloat(reader.line())),
  G: (machine, reader) => machine.push(reader.doubleBigEndian()),
}

const STRINGS: Readonly<Record<string, Step>> = {
  S: (machine, reader) => machine.pushText(checkAscii(decodeRepr(reader.line()))),
  T: (machine, reader) => machine.pushText(checkAscii(decodeLatin1(reader.take(reader.int32())))),
  U: (machine, reader) => machine.pushText(checkAscii(decodeLatin1(reader.take(reader.byte())))),
  V: (machine, reader) => machine.pushText(checkText(decodeRawUnicodeEscape(reader.line()))),
  X: (machine, reader) => machine.pushText(decodeText(reader.take(reader.uint32()))),
  '\x8c': (machine, reader) => machine.pushText(decodeText(reader.take(reader.byte()))),
  '\x8d': (machine, reader) => machine.pushText(decodeText(reader.take(reader.uint64()))),
  B: (machine, reader) => machine.pushBytes(reader.take(reader.uint32())),
  C: (machine, reader) => machine.pushBytes(reader.take(reader.byte())),
  '\x8e': (machine, reader) => machine.pushBytes(reader.take(reader.uint64())),
}

const CONTAINERS: Readonly<Record<string, Step>> = {
  a: (machine) => machine.append([machine.pop()]),
  e: (machine) => machine.append(machine.popToMark()),
  l: (machine) => machine.pushList(machine.popToMark()),
  t: (machine) => machine.pushList(machine.popToMark()),
  '\x85': (machine) => pushTuple(machine, 1),
  '\x86': (machine) => pushTuple(machine, 2),
  '\x87': (machine) => pushTuple(machine, 3),
  d: (machine) => machine.pushDict(machine.popToMark()),
  s: (machine) => machine.setItems([machine.pop(), machine.pop()].toReversed()),
  u: (machine) => machine.setItems(machine.popToMark()),
  c: (machine, reader) => machine.global(decodeLatin1(reader.line()), decodeLatin1(reader.line())),
  '\x93': (machine) => pushGlobal(machine),
  R: (machine) => machine.reduce(),
}

const STACK: Readonly<Record<string, Step>> = {
  '\x80': (_, reader) => checkProtocol(reader.byte()),
  // A frame only gives the number of bytes to read ahead.
  '\x95': (_, reader) => void reader.uint64(),
  '(': (machine) => machine.mark(),
  '0': (machine) => machine.drop(),
  '1': (machine) => void machine.popToMark(),
  '2': (machine) => machine.push(machine.top()),
  p: (machine, reader) => machine.remember(readIndex(reader)),
  q: (machine, reader) => machine.remember(reader.byte()),
  r: (machine, reader) => machine.remember(reader.uint32()),
  '\x94': (machine) => machine.rememberNext(),
  g: (machine, reader) => machine.recall(readIndex(reader)),
  h: (machine, reader) => machine.recall(reader.byte()),
  j: (machine, reader) => machine.recall(reader.uint32()),
}

const STEPS: ReadonlyMap<number, Step> = new Map(
  [CONSTANTS, NUMBERS, STRINGS, CONTAINERS, STACK]
    .flatMap((steps) => Object.entries(steps))
    .map(([opcode, step]) => [opcode.charCodeAt(0), step]),
)

/** Reads an integer. Protocols 0 and 1 have no opcodes for booleans: they write `I01` and `I00`. */
function readInt(reader: ByteReader): number | bigint | boolean {
  const text = decodeLatin1(reader.line())
  if (text === '01') return true
  return text === '00' ? false : parseInteger(text)
}

function readLong(reader: ByteReader, length: number): number | bigint {
  return fitInteger(decodeTwosComplement(reader.take(length)))
}

function readIndex(reader: ByteReader): number {
  return Number(parseInteger(decodeLatin1(reader.line())))
}

function pushTuple(machine: PickleMachine, length: number): void {
  const items = Array.from({ length }, () => machine.pop())
  machine.pushList(items.toReversed())
}

function pushGlobal(machine: PickleMachine): void {
  const name = machine.pop()
  machine.global(machine.pop(), name)
}

function checkProtocol(protocol: number): void {
  if (protocol > NEWEST_PROTOCOL) throw damaged()
}
