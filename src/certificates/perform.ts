import type { WriteFile } from '../host/step.js'
import { issueCertificate, makeAuthority } from './issue.js'
import type { CertificateStep } from './step.js'

/** The files of the host that a certificate step is done on. */
export interface CertificateFiles {
  read(path: string): Promise<Buffer>
  write(file: WriteFile): Promise<void>
}

/** Makes keys and certificates and writes them; the key first, so that a certificate never stands without one. */
export async function performCertificate(
  step: CertificateStep,
  files: CertificateFiles,
  now: Date,
): Promise<void> {
  const issued =
    step.do === 'make_authority'
      ? await makeAuthority(step, now)
      : await issueCertificate(
          step,
          (await files.read(step.authorityCertificatePath)).toString(),
          (await files.read(step.authorityKeyPath)).toString(),
          now,
        )
  await files.write({ do: 'write_file', path: step.keyPath, content: issued.key, mode: 0o600 })
  await files.write({
    do: 'write_file',
    path: step.certificatePath,
    content: Buffer.from(issued.certificate),
    mode: 0o644,
  })
}
