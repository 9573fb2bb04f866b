using System.Runtime.ExceptionServices;

namespace ImGateway.Edge.Storage;

/// <summary>
/// Disk operations in many folders at once. Each of them waits for the disk several times, one after the other, and a file system makes concurrent changes
/// durable together: for thousands of folders the disk would decide how long a start takes.
/// </summary>
static class ConcurrentFolders
{
    /// <summary>Up to so many folders are done in their order, on the calling thread.</summary>
    public const int Few = 16;

    /// <summary>Threads that mostly wait; those of the thread pool are needed for connections.</summary>
    const int Threads = 32;

    /// <summary>Completes when no operation is running. Throws the first failure; operations that have not begun by then are left out.</summary>
    public static void ForEach<T>(IReadOnlyList<T> folders, Action<T> operation)
    {
        if (folders.Count <= Few)
        {
            foreach (var folder in folders) operation(folder);
            return;
        }

        var last = -1;
        Exception? failure = null;
        List<Thread> threads = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(Run) { IsBackground = true, Name = "imgw disk" })];
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        if (failure is not null) ExceptionDispatchInfo.Throw(failure);

        void Run()
        {
            while (Volatile.Read(ref failure) is null && Interlocked.Increment(ref last) is var next && next < folders.Count)
            {
                try
                {
                    operation(folders[next]);
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref failure, e, null);
                }
            }
        }
    }
}
