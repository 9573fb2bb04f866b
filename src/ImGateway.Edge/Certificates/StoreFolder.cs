using System.Security.Cryptography;
using System.Text;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// One host's folder in the store. A new bundle and all that goes with it is staged in <c>.next…</c> files; committing is renames alone:
/// the state is renamed to the mark that says so, previous := current, current := next, state. So at every moment <c>current.pem</c> is whole,
/// what it held last is in it or in <c>previous.pem</c>, and a full disk is noticed before anything has changed. With the mark a crash is
/// followed by the rest of the commit, without it by none of it: contents decide nothing, since current and previous may be equal.
/// </summary>
sealed class StoreFolder(string path)
{
    readonly string _next = Path.Combine(path, ".next.pem");
    readonly string _nextPrevious = Path.Combine(path, ".next.previous.pem");
    readonly string _nextState = Path.Combine(path, ".next.state.json");

    /// <summary>The staged state, from the moment on from which the commit is to be finished.</summary>
    readonly string _committing = Path.Combine(path, ".commit.state.json");

    public string Current { get; } = Path.Combine(path, "current.pem");

    public string Previous { get; } = Path.Combine(path, "previous.pem");

    public string State { get; } = Path.Combine(path, "state.json");

    /// <summary>An order under way and the key it is for.</summary>
    public string Pending { get; } = Path.Combine(path, "pending.pem");

    /// <summary>The OCSP response last fetched; proves by itself which certificate it is about.</summary>
    public string Staple { get; } = Path.Combine(path, "ocsp.der");

    public IEnumerable<string> Files => new[] { Current, Previous, State, Pending, Staple }.Where(File.Exists);

    public StoredState? ReadState() => Bytes(State) is { } content ? StoredState.Parse(content) : null;

    public void WriteState(StoredState state)
    {
        DurableFile.CreatePrivateFolder(path);
        DurableFile.Write(State, state.ToBytes());
    }

    /// <summary>Nothing that is served or kept changes by it.</summary>
    /// <param name="keepsPrevious">Whether what is replaced becomes the previous bundle.</param>
    public void Stage(ServedCredential served, bool keepsPrevious)
    {
        DurableFile.CreatePrivateFolder(path);
        var certificates = served.Credential.Delivered.Select(certificate => certificate.ExportCertificatePem() + "\n");
        DurableFile.Write(_next, Encoding.ASCII.GetBytes(served.Credential.Leaf.KeyPem() + "\n" + string.Concat(certificates)));
        DurableFile.Write(_nextState, StoredState.Of(served, ReadState()).ToBytes());
        if (keepsPrevious && Bytes(Current) is { } current) DurableFile.Write(_nextPrevious, current);
    }

    public void Commit()
    {
        DurableFile.Move(_nextState, _committing);
        Finish();
    }

    public void Discard()
    {
        // The mark first: without it Recover finishes nothing.
        File.Delete(_committing);
        File.Delete(_nextPrevious);
        File.Delete(_nextState);
        File.Delete(_next);
    }

    /// <summary>For putting everything back as it was.</summary>
    public StoreSnapshot Snapshot() => new(Bytes(Current), Bytes(Previous), Bytes(State));

    public void Restore(StoreSnapshot snapshot)
    {
        if (!Directory.Exists(path)) return;
        // Of a rollback, the staged bundle may be the last copy of the previous one: not before that is back.
        Put(Previous, snapshot.Previous);
        Discard();
        Put(Current, snapshot.Current);
        Put(State, snapshot.State);
    }

    /// <summary>Finishes or forgets what a crash interrupted.</summary>
    public void Recover()
    {
        if (!Directory.Exists(path)) return;
        if (File.Exists(_committing)) Finish();
        foreach (var stray in Directory.EnumerateFiles(path).Where(file => Path.GetFileName(file)[0] == '.')) File.Delete(stray);
    }

    /// <summary>A damaged <c>current.pem</c> is kept for whoever wants to look at it, and the previous bundle becomes the current one.</summary>
    public void Repair()
    {
        if (File.Exists(Current)) DurableFile.Move(Current, Path.Combine(path, "damaged.pem"));
        DurableFile.Write(Current, File.ReadAllBytes(Previous));
    }

    /// <summary>Removes every file with a key of which <paramref name="isCompromised"/>, or of which nothing can be said.</summary>
    /// <param name="keepsCurrent">What is served stays until it is replaced.</param>
    public void Destroy(Func<AsymmetricAlgorithm, bool> isCompromised, bool keepsCurrent)
    {
        foreach (var file in Directory.EnumerateFiles(path, "*.pem").Where(file => !keepsCurrent || file != Current))
        {
            using var key = PrivateKeyReader.TryRead(file, File.ReadAllBytes(file));
            if (key is null || isCompromised(key)) File.Delete(file);
        }
    }

    /// <summary>Whatever of it has been done already.</summary>
    void Finish()
    {
        if (File.Exists(_nextPrevious)) DurableFile.Move(_nextPrevious, Previous);
        if (File.Exists(_next)) DurableFile.Move(_next, Current);
        DurableFile.Move(_committing, State);
    }

    static byte[]? Bytes(string file) => File.Exists(file) ? File.ReadAllBytes(file) : null;

    static void Put(string file, byte[]? content)
    {
        if (content is null) File.Delete(file);
        else if (Bytes(file) is not { } now || !now.AsSpan().SequenceEqual(content)) DurableFile.Write(file, content);
    }
}

/// <summary>The bytes of one host's folder; has no printable form.</summary>
sealed class StoreSnapshot(byte[]? current, byte[]? previous, byte[]? state)
{
    public byte[]? Current => current;

    public byte[]? Previous => previous;

    public byte[]? State => state;
}
