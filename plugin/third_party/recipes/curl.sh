# HTTP(S) through HTTP(S) and SOCKS proxies with a threaded resolver, and nothing that kubectl's
# transport hasn't. Which certificate authorities are trusted is the caller's to say.
needs=(openssl)
licence_file=COPYING

build_library() {
  local off=(ALTSVC AWS COOKIES DIGEST_AUTH DOH FORM_API GETOPTIONS HSTS IPFS KERBEROS_AUTH
    LIBCURL_OPTION MIME NEGOTIATE_AUTH NETRC PARSEDATE PROGRESS_METER SHA512_256 SHUFFLE_DNS WEBSOCKETS)
  local options=("${off[@]/#/-DCURL_DISABLE_}")
  # _CURL_PREFILL: curl's own list of what Linux has, instead of a hundred test compilations.
  # Perl would build the manuals, which the crate leaves out.
  cmake_install "${options[@]/%/=ON}" -DHTTP_ONLY=ON -DENABLE_THREADED_RESOLVER=ON \
    -DCURL_USE_OPENSSL=ON -DCURL_DISABLE_OPENSSL_AUTO_LOAD_CONFIG=ON \
    -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none -DCURL_CA_FALLBACK=OFF \
    -DCURL_ZLIB=OFF -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF -DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF \
    -DCURL_USE_LIBPSL=OFF -DCURL_USE_LIBSSH2=OFF -DENABLE_UNIX_SOCKETS=OFF \
    -DCURL_USE_PKGCONFIG=OFF -D_CURL_PREFILL=ON -DPICKY_COMPILER=OFF \
    -DBUILD_CURL_EXE=OFF -DBUILD_STATIC_LIBS=ON -DBUILD_LIBCURL_DOCS=OFF -DBUILD_MISC_DOCS=OFF \
    -DENABLE_CURL_MANUAL=OFF -DBUILD_EXAMPLES=OFF -DCMAKE_DISABLE_FIND_PACKAGE_Perl=ON
}
