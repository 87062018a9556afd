# libssl and libcrypto, cut down to a client of TLS 1.2 and 1.3: what Go's crypto/tls offers, and the
# certificates and keys that kubeconfigs hold (RSA, ECDSA, Ed25519). No file of the host configures it.
licence_file=LICENSE.txt

build_library() {
  local system
  case $target in
    x86_64-linux-*) system=linux-x86_64 ;;
    aarch64-linux-*) system=linux-aarch64 ;;
    *) fail "openssl: no configuration is known for $target" ;;
  esac
  local never=(shared apps tests docs module dso legacy autoload-config ui-console comp deprecated
    secure-memory async thread-pool default-thread-pool unit-test)
  local protocols=(ssl3 tls1 tls1_1 dtls srtp quic sctp psk srp ktls tfo ech nextprotoneg sslkeylog
    ssl-trace multiblock)
  local formats=(cmp cms ct ts ocsp http rfc3779)
  local algorithms=(aria bf blake2 camellia cast des dh dsa ec2m gost idea md4 mdc2 ocb rc2 rc4 rmd160
    scrypt seed siphash siv sm2 sm3 sm4 whirlpool argon2 ml-dsa slh-dsa lms krb5kdf sshkdf snmpkdf
    srtpkdf sskdf x942kdf x963kdf kbkdf pvkkdf hmac-drbg-kdf)
  local off=("${never[@]}" "${protocols[@]}" "${formats[@]}" "${algorithms[@]}")
  cd "$src"
  # AES-GCM for AVX-512 is 0.7 MB of unrolled code. Its generator has a branch without it, which it
  # takes for old assemblers.
  sed -i 's/^if ($avx512vaes>0)/if (0)/' crypto/modes/asm/aes-gcm-avx512.pl
  grep -q '^if (0)' crypto/modes/asm/aes-gcm-avx512.pl
  # The command line and the time end up in the library: no folder of this machine, no clock.
  export SOURCE_DATE_EPOCH=0
  CFLAGS="-Os -ffunction-sections -fdata-sections -fno-unwind-tables -fno-asynchronous-unwind-tables"
  perl ./Configure "$system" CC=cc AR=ar RANLIB=ranlib \
    --prefix=/ --libdir=lib --openssldir=/etc/ssl "${off[@]/#/no-}"
  make -j "$(nproc)" build_libs
  make DESTDIR="$out" install_dev
}
