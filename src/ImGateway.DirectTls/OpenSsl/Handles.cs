using System.Runtime.InteropServices;
using ImGateway.DirectTls.Native;

namespace ImGateway.DirectTls.OpenSsl;

/// <summary>An owned <c>SSL_CTX*</c>, and what its callbacks reach.</summary>
sealed class SslContextHandle : SafeHandle
{
    GCHandle _callbackState;

    public SslContextHandle(nint context, object callbackState)
        : base(0, ownsHandle: true)
    {
        SetHandle(context);
        _callbackState = GCHandle.Alloc(callbackState);
    }

    public nint CallbackState => GCHandle.ToIntPtr(_callbackState);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_CTX_free(handle);
        _callbackState.Free();
        return true;
    }
}

/// <summary>An owned <c>SSL*</c>. OpenSSL keeps its context alive.</summary>
sealed class SslHandle : SafeHandle
{
    public SslHandle(nint ssl)
        : base(0, ownsHandle: true) => SetHandle(ssl);

    public override bool IsInvalid => handle == 0;

    /// <summary>The caller holds the lock under which the handle is disposed.</summary>
    public nint Value => handle;

    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_free(handle);
        return true;
    }
}

/// <summary>An owned <c>X509*</c>.</summary>
sealed unsafe class X509Handle : SafeHandle
{
    /// <param name="der">The certificate in DER.</param>
    /// <exception cref="OpenSslException">It is not a certificate.</exception>
    public X509Handle(ReadOnlySpan<byte> der)
        : base(0, ownsHandle: true)
    {
        fixed (byte* start = der)
        {
            var position = start;
            LibCrypto.ERR_clear_error();
            SetHandle(LibCrypto.d2i_X509(null, &position, new CLong(der.Length)));
        }

        if (IsInvalid) throw OpenSslException.OfLastCall("d2i_X509");
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibCrypto.X509_free(handle);
        return true;
    }
}

/// <summary>An owned <c>STACK_OF(X509)*</c>, which refers to certificates that others own.</summary>
sealed class X509StackHandle : SafeHandle
{
    /// <exception cref="OpenSslException">There is no memory.</exception>
    public X509StackHandle(IEnumerable<X509Handle> certificates)
        : base(0, ownsHandle: true)
    {
        SetHandle(LibCrypto.OPENSSL_sk_new_null());
        foreach (var certificate in certificates)
        {
            if (IsInvalid || LibCrypto.OPENSSL_sk_push(handle, certificate.DangerousGetHandle()) == 0) throw OpenSslException.OfLastCall("sk_X509_push");
        }
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibCrypto.OPENSSL_sk_free(handle);
        return true;
    }
}

/// <summary>An owned <c>EVP_CIPHER*</c>.</summary>
sealed unsafe class CipherHandle : SafeHandle
{
    /// <param name="name">OpenSSL's name of the algorithm, with a zero at its end.</param>
    /// <exception cref="OpenSslException">The algorithm is not available.</exception>
    public CipherHandle(ReadOnlySpan<byte> name)
        : base(0, ownsHandle: true)
    {
        LibCrypto.ERR_clear_error();
        fixed (byte* start = name) SetHandle(LibCrypto.EVP_CIPHER_fetch(0, start, null));
        if (IsInvalid) throw OpenSslException.OfLastCall("EVP_CIPHER_fetch");
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_CIPHER_free(handle);
        return true;
    }
}

/// <summary>Owned memory outside of the garbage collector's heap.</summary>
sealed unsafe class NativeBytes : SafeHandle
{
    public NativeBytes(ReadOnlySpan<byte> content)
        : base(0, ownsHandle: true)
    {
        SetHandle((nint)NativeMemory.Alloc((nuint)Math.Max(1, content.Length)));
        content.CopyTo(new Span<byte>((void*)handle, content.Length));
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }
}
