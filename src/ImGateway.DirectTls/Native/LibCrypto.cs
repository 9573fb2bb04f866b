using System.Runtime.InteropServices;

namespace ImGateway.DirectTls.Native;

/// <summary>The functions of libcrypto 3 that the transport calls.</summary>
static unsafe partial class LibCrypto
{
    const string Library = "libcrypto.so.3";

    /// <summary>CRYPTO_EX_INDEX_SSL and CRYPTO_EX_INDEX_SSL_CTX of openssl/crypto.h.</summary>
    public const int IndexOfSsl = 0, IndexOfContext = 1;

    [LibraryImport(Library)]
    public static partial CULong OpenSSL_version_num();

    [LibraryImport(Library)]
    public static partial void ERR_clear_error();

    [LibraryImport(Library)]
    public static partial CULong ERR_peek_error();

    [LibraryImport(Library)]
    public static partial void ERR_error_string_n(CULong error, byte* buffer, nuint length);

    [LibraryImport(Library)]
    public static partial int CRYPTO_get_ex_new_index(int kind, CLong number, void* pointer, void* create, void* duplicate, void* free);

    [LibraryImport(Library)]
    public static partial nint CRYPTO_malloc(nuint length, byte* file, int line);

    [LibraryImport(Library)]
    public static partial void CRYPTO_free(nint memory, byte* file, int line);

    [LibraryImport(Library)]
    public static partial nint d2i_X509(nint* result, byte** data, CLong length);

    [LibraryImport(Library)]
    public static partial void X509_free(nint certificate);

    [LibraryImport(Library)]
    public static partial nint OPENSSL_sk_new_null();

    [LibraryImport(Library)]
    public static partial int OPENSSL_sk_push(nint stack, nint item);

    [LibraryImport(Library)]
    public static partial void OPENSSL_sk_free(nint stack);

    [LibraryImport(Library)]
    public static partial nint BIO_new(nint method);

    [LibraryImport(Library)]
    public static partial nint BIO_s_mem();

    [LibraryImport(Library)]
    public static partial nint BIO_new_socket(int descriptor, int closes);

    [LibraryImport(Library)]
    public static partial int BIO_read(nint bio, byte* buffer, int length);

    [LibraryImport(Library)]
    public static partial int BIO_write(nint bio, byte* buffer, int length);

    [LibraryImport(Library)]
    public static partial int BIO_free(nint bio);

    [LibraryImport(Library)]
    public static partial nint EVP_CIPHER_fetch(nint library, byte* algorithm, byte* properties);

    [LibraryImport(Library)]
    public static partial void EVP_CIPHER_free(nint cipher);

    [LibraryImport(Library)]
    public static partial int EVP_EncryptInit_ex(nint context, nint cipher, nint engine, byte* key, byte* vector);

    [LibraryImport(Library)]
    public static partial int EVP_DecryptInit_ex(nint context, nint cipher, nint engine, byte* key, byte* vector);

    [LibraryImport(Library)]
    public static partial int EVP_MAC_CTX_set_params(nint context, OsslParameter* parameters);

    [LibraryImport(Library)]
    public static partial int RAND_bytes(byte* buffer, int length);
}

/// <summary><c>OSSL_PARAM</c> (openssl/core.h); an array of them ends with one whose key is null.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct OsslParameter
{
    public const uint Utf8String = 4, OctetString = 5;

    public byte* Key;
    public uint DataType;
    public void* Data;
    public nuint DataSize;
    public nuint ReturnSize;
}
