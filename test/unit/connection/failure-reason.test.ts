import { describe, expect, it } from 'vitest'
import { failureReason } from '../../../src/connection/failure-reason.ts'

const record =
  '80CC434A7D7F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/openssl/ssl/record/ssl3_record.c:350:\n'
const alert =
  '80CC434A7D7F0000:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1605:SSL alert number 40\n'
const plainPort = 'the server does not answer in TLS; is that its plain port?'

describe('the reason of a failure', () => {
  it.each([
    [record, `${plainPort} (wrong version number)`],
    [`write EPROTO ${record}`, `${plainPort} (wrong version number)`],
    ['error:0A0000C6:SSL routines::packet length too long', `${plainPort} (packet length too long)`],
    ['write EPROTO', `${plainPort} (write EPROTO)`],
    // Who sends an alert speaks TLS.
    [`write EPROTO ${alert}`, 'sslv3 alert handshake failure'],
    ['connect ECONNREFUSED 127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1'],
    ['self-signed certificate\n in\r\n\r\nchain\n', 'self-signed certificate in chain'],
  ])('%j is one line, without the source of OpenSSL', (message, reason) => {
    expect(failureReason(new Error(message), true)).toBe(reason)
  })

  it('does not speak of TLS where there is none', () => {
    expect(failureReason(new Error('write EPROTO'))).toBe('write EPROTO')
  })

  it('is the text of what is no error', () => {
    expect(failureReason('gone', true)).toBe('gone')
  })
})
