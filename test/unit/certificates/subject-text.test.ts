import assert from 'node:assert/strict'
import { certificateFacts } from '../../../src/certificates/facts.js'
import { slashName } from '../../../src/certificates/subject-text.js'

/** Made with `openssl req -utf8 -multivalue-rdn`. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIICVTCCAfugAwIBAgIUBf3zmSf5M87mNraXyJJ0b7hc+GswCgYIKoZIzj0EAwIw
fzELMAkGA1UEBhMCREUxIzAhBgNVBAoMGkdyb8OfICsgU8O2aG5lLCAiWCIgPHk+
OyMxMRgwCgYDVQQDDANzMSAwCgYDVQQLDANhXGIxETAPBgoJkiaJk/IsZAEZFgF4
MQowCAYDVQQFEwE3MRIwEAYJKoZIhvcNAQkBFgNhQGIwIBcNMjYxMTI2MTMwMDQ0
WhgPMjEyNjExMDIxMzAwNDRaMH8xCzAJBgNVBAYTAkRFMSMwIQYDVQQKDBpHcm/D
nyArIFPDtmhuZSwgIlgiIDx5PjsjMTEYMAoGA1UEAwwDczEgMAoGA1UECwwDYVxi
MREwDwYKCZImiZPyLGQBGRYBeDEKMAgGA1UEBRMBNzESMBAGCSqGSIb3DQEJARYD
YUBiMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEwgYasb9TwcDZ8gM9A6jqMIuA
4w2ynOHabLYgMsRt5A71u3CCr0gajOMulS8K2IqzCtg3jNarByGEDasQGLO3T6NT
MFEwHQYDVR0OBBYEFNGKqfBvAyo8w4LWaEJiMpIaFKk4MB8GA1UdIwQYMBaAFNGK
qfBvAyo8w4LWaEJiMpIaFKk4MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID
SAAwRQIgFEE35A2WiXQq22oZTrUL0HxlkDzybI45GEdQSfHbdiICIQC+v7DtJMbv
UbWpJTgQhIOR0kM7QDett3oPXMyFKSsIZA==
-----END CERTIFICATE-----
`

describe('the slash form of a name', () => {
  it('is what OpenSSL makes of it for the server, whatever letters it has', () => {
    // openssl x509 -noout -subject -nameopt compat, OpenSSL 3.0
    assert.equal(
      certificateFacts(CERTIFICATE).subject,
      String.raw`/C=DE/O=Gro\xC3\x9F \+ S\xC3\xB6hne, "X" <y>;#1/CN=s1 +OU=a\b/DC=x/serialNumber=7/emailAddress=a@b`,
    )
  })

  it('of a value with a slash, and with a line break', () => {
    assert.equal(slashName('O=A/B\nCN=a\\0Ab'), String.raw`/O=A\/B/CN=a\x0Ab`)
  })
})
